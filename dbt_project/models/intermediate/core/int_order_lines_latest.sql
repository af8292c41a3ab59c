{{ latest_document_lines(
    ref('stg_shop__order_lines'), ref('stg_shop__orders'), 'order_id', 'line_no'
) }}

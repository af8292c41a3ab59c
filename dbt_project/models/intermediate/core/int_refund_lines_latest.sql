{{ latest_document_lines(
    ref('stg_shop__refund_lines'), ref('stg_shop__refunds'), 'refund_id', 'line_no'
) }}

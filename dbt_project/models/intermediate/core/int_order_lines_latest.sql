{{ latest_document_lines(ref('stg_shop__order_lines'), 'order_id', 'line_no') }}

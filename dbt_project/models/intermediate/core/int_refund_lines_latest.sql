{{ latest_document_lines(ref('stg_shop__refund_lines'), 'refund_id', 'line_no') }}

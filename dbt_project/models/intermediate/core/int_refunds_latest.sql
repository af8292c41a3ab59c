{{ latest_versions(ref('stg_shop__refunds'), ['refund_id']) }}

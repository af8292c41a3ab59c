{{ latest_versions(ref('stg_shop__orders'), ['order_id']) }}

{{ latest_versions(ref('stg_shop__products'), ['product_id']) }}

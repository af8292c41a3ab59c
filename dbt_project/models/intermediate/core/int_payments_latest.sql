{{ latest_versions(ref('stg_shop__payments'), ['payment_id']) }}

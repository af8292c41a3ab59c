{{ latest_versions(ref('stg_shop__product_costs'), ['sku', 'valid_from']) }}

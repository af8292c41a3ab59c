{{ latest_versions(
    ref('stg_shop__fx_rates'), ['rate_on', 'from_currency', 'to_currency'], updated_at=false
) }}

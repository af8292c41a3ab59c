with classes as (
    select * from {{ ref('int_classes_stacked') }}
),

known as (
    select * from {{ ref('int_classes_known_before') }}
),

-- Who was known and is not any more has no code.
compared as (
    select
        coalesce(classes.customer_key, known.customer_key) as customer_key,
        coalesce(classes.domain, known.domain) as domain,
        classes.code,
        known.code as last_code
    from classes
    full outer join known
        on
            classes.customer_key = known.customer_key
            and classes.domain = known.domain
),

changed as (
    select
        customer_key,
        domain,
        code
    from compared
    where coalesce(code, '') <> coalesce(last_code, '')
)

select * from changed

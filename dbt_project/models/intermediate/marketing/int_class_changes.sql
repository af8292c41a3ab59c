with classes as (
    select * from {{ ref('int_classes_stacked') }}
),

known as (
    select * from {{ ref('int_classes_known_before') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

compared as (
    select
        classes.customer_key,
        classes.domain,
        classes.code,
        known.code as last_code,
        known.previous_code,
        known.changed_on,
        known.first_seen_on,
        permissions.is_not_profiled,
        known.customer_key is not null
        and classes.code <> coalesce(known.code, '') as has_changed_today
    from classes
    inner join permissions on classes.customer_key = permissions.customer_key
    left join known
        on
            classes.customer_key = known.customer_key
            and classes.domain = known.domain
),

-- What somebody was before they objected to a profile is no longer told.
changed as (
    select
        customer_key,
        domain,
        code,
        case
            when is_not_profiled then null
            when has_changed_today then last_code
            else previous_code
        end as previous_code,
        case
            when has_changed_today then {{ as_of_date() }}
            else changed_on
        end as changed_on,
        coalesce(first_seen_on, {{ as_of_date() }}) as first_seen_on
    from compared
)

select * from changed

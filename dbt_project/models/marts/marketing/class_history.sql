with history as (
    select * from {{ ref('stg_etl__class_history') }}
),

today as (
    select * from {{ ref('int_classes_changed_today') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

merged as (
    select distinct old_key as customer_key
    from {{ ref('stg_etl__customer_key_changes') }}
    where current_key is not null
),

stacked as (
    select
        customer_key,
        domain,
        code,
        changed_on
    from history
    union all
    select
        customer_key,
        domain,
        code,
        {{ as_of_date() }} as changed_on
    from today
),

followed as (
    select
        customer_key,
        domain,
        code,
        changed_on,
        lead(changed_on) over (
            partition by customer_key, domain
            order by changed_on asc nulls last
        ) as next_changed_on,
        lag(code) over (
            partition by customer_key, domain
            order by changed_on asc nulls last
        ) as previous_code
    from stacked
),

-- Of who may not be profiled no past is told, and none at all of who is gone for good.
class_history as (
    select
        followed.customer_key,
        followed.domain,
        followed.code,
        followed.changed_on as valid_from,
        {{ date_plus('followed.next_changed_on', '-1') }} as valid_to,
        followed.next_changed_on is null as is_current,
        case
            when not coalesce(permissions.is_not_profiled, false) then followed.previous_code
        end as previous_code
    from followed
    left join permissions on followed.customer_key = permissions.customer_key
    left join merged on followed.customer_key = merged.customer_key
    where
        followed.code is not null
        and coalesce(
            not permissions.is_not_profiled or followed.next_changed_on is null,
            merged.customer_key is not null
        )
)

select * from class_history

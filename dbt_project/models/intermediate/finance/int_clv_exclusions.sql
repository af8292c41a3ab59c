with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

-- Of several reasons the first; what the customer did stays visible, what is expected does not.
ruled as (
    select
        customers.customer_key,
        case
            when customers.is_internal then 'CV41_INTERNAL'
            when customers.is_deceased then 'CV42_DECEASED'
            when permissions.is_not_profiled then 'CV43_NOT_PROFILED'
        end as rule_id
    from customers
    left join permissions on customers.customer_key = permissions.customer_key
),

excluded as (
    select
        customer_key,
        rule_id,
        case rule_id
            when 'CV41_INTERNAL' then 'internal'
            when 'CV42_DECEASED' then 'deceased'
            else 'not_profiled'
        end as sufficiency_code,
        case rule_id
            when 'CV41_INTERNAL'
                then 'One of our own people or a test record: no forecast is made.'
            when 'CV42_DECEASED' then 'The person has died: no forecast is made.'
            else 'Objected to profiling, or a minor: no forecast is made.'
        end as sufficiency_reason
    from ruled
    where rule_id is not null
)

select * from excluded

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
    select * from ruled
    where rule_id is not null
)

select * from excluded

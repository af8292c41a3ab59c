with measured as (
    select * from {{ ref('int_customer_values_measured') }}
    where metric = 'margin_recent' and business_unit = 'all' and customer_group = 'positive'
),

-- Equal margins take one class: that of the share before all of them.
tie_groups as (
    select
        customer_type,
        amount,
        sum(amount) as group_amount
    from measured
    group by customer_type, amount
),

accumulated as (
    select
        customer_type,
        amount,
        sum(group_amount) over (
            partition by customer_type order by amount desc nulls last
            rows between unbounded preceding and current row
        ) - group_amount as amount_before,
        sum(group_amount) over (partition by customer_type) as type_amount
    from tie_groups
),

classed as (
    select
        measured.customer_key,
        measured.customer_type,
        measured.amount as margin_recent,
        case
            when
                accumulated.amount_before
                < accumulated.type_amount * {{ parameter('pareto_class_a_share') }}
                then 'A'
            when
                accumulated.amount_before
                < accumulated.type_amount * {{ parameter('pareto_class_b_share') }}
                then 'B'
            else 'C'
        end as pareto_class
    from measured
    inner join accumulated
        on
            measured.customer_type = accumulated.customer_type
            and measured.amount = accumulated.amount
)

select * from classed

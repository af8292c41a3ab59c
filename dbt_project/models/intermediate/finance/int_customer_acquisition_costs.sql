with acquired as (
    select * from {{ ref('int_customers_acquired') }}
),

costs as (
    select * from {{ ref('acquisition_retention_costs') }}
),

customer_months as (
    select * from {{ ref('int_customer_months_summed') }}
),

priced as (
    select
        acquired.customer_key,
        acquired.acquisition_month,
        case
            when acquired.is_internal then 'internal'
            when acquired.is_left_censored then 'left_censored'
            else costs.cac_basis
        end as cac_basis,
        case when not acquired.is_internal and not acquired.is_left_censored then costs.cac end
            as cac,
        -- Not rounded, so that what a cohort cost is not off by its customers' roundings.
        case
            when
                not acquired.is_internal and not acquired.is_left_censored
                and costs.cac is not null
                then {{ safe_divide('costs.acquisition_spend', 'costs.new_customers') }}
        end as cac_unrounded
    from acquired
    left join costs
        on
            acquired.acquisition_month = costs.month_on
            and costs.channel
            = case when costs.is_cac_by_channel then acquired.channel else 'all' end
),

dated as (
    select
        priced.customer_key,
        priced.cac,
        greatest(
            {{ months_between('priced.acquisition_month', 'customer_months.month_on') }}, 0
        ) as months_since,
        customer_months.margin
    from priced
    inner join customer_months on priced.customer_key = customer_months.customer_key
    where priced.cac is not null
),

months_summed as (
    select
        customer_key,
        cac,
        months_since,
        sum(margin) as margin
    from dated
    group by customer_key, cac, months_since
),

accumulated as (
    select
        customer_key,
        cac,
        months_since,
        sum(margin) over (
            partition by customer_key order by months_since asc nulls last
            rows between unbounded preceding and current row
        ) as margin_so_far
    from months_summed
),

paid_back as (
    select
        customer_key,
        min(months_since) as payback_month
    from accumulated
    where margin_so_far >= cac
    group by customer_key
),

acquisition_costs as (
    select
        priced.customer_key,
        priced.acquisition_month,
        priced.cac,
        priced.cac_unrounded,
        priced.cac_basis,
        cast(paid_back.payback_month as bigint) as payback_month
    from priced
    left join paid_back on priced.customer_key = paid_back.customer_key
)

select * from acquisition_costs

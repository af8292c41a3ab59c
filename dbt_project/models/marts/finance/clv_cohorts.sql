with cells as (
    select * from {{ ref('int_cohort_cells_summed') }}
),

other_lines as (
    select * from {{ ref('int_cohort_lines_summed') }}
),

accumulated as (
    select
        *,
        last_day(month_on) > {{ as_of_date() }} as is_right_censored,
        sum(net_revenue) over (
            partition by business_unit, cohort_month order by months_since asc nulls last
            rows between unbounded preceding and current row
        ) as net_revenue_so_far,
        sum(margin) over (
            partition by business_unit, cohort_month order by months_since asc nulls last
            rows between unbounded preceding and current row
        ) as margin_so_far
    from cells
),

paid_back as (
    select
        *,
        min(
            case
                when not is_right_censored and margin_so_far >= acquisition_cost then months_since
            end
        ) over (partition by business_unit, cohort_month) as payback_month
    from accumulated
),

lines as (
    select
        business_unit,
        'acquired' as cohort,
        cohort_month,
        months_since,
        month_on,
        is_right_censored,
        cohort_size,
        case when not is_right_censored then active_customers end as active_customers,
        net_revenue,
        margin,
        case when not is_right_censored then net_revenue_so_far end as cumulative_net_revenue,
        case when not is_right_censored then margin_so_far end as cumulative_margin,
        acquisition_cost,
        payback_month
    from paid_back
    union all
    select
        business_unit,
        cohort,
        cast(null as date) as cohort_month,
        cast(null as bigint) as months_since,
        cast(null as date) as month_on,
        false as is_right_censored,
        cohort_size,
        cast(null as bigint) as active_customers,
        net_revenue,
        margin,
        cast(null as decimal(38, 4)) as cumulative_net_revenue,
        cast(null as decimal(38, 4)) as cumulative_margin,
        cast(null as decimal(18, 4)) as acquisition_cost,
        cast(null as bigint) as payback_month
    from other_lines
),

clv_cohorts as (
    select
        {{ as_of_date() }} as as_of_date,
        business_unit,
        cohort,
        cohort_month,
        months_since,
        month_on,
        is_right_censored,
        cohort_size,
        active_customers,
        cast({{ safe_divide('active_customers', 'cohort_size', 6) }} as decimal(9, 6))
            as retention_rate,
        cast(net_revenue as decimal(18, 4)) as incremental_net_revenue,
        cast(margin as decimal(18, 4)) as incremental_margin,
        cast(cumulative_net_revenue as decimal(18, 4)) as cumulative_net_revenue,
        cast(cumulative_margin as decimal(18, 4)) as cumulative_margin,
        {{ money_share('cumulative_net_revenue', '1', 'cohort_size', scale=0) }}
            as cumulative_net_revenue_per_customer,
        {{ money_share('cumulative_margin', '1', 'cohort_size', scale=0) }}
            as cumulative_margin_per_customer,
        acquisition_cost,
        {{ money_share('acquisition_cost', '1', 'cohort_size', scale=0) }} as cac,
        cumulative_margin >= acquisition_cost as is_paid_back,
        cast(payback_month as bigint) as payback_month
    from lines
)

select * from clv_cohorts

{% set groups = ['positive', 'zero', 'negative', 'internal', 'unattributed'] -%}

with measured as (
    select * from {{ ref('int_customer_values_measured') }}
),

ranked as (
    select * from {{ ref('int_customer_values_ranked') }}
),

classed as (
    select * from {{ ref('int_customers_pareto_classed') }}
),

totals as (
    select
        metric
        {%- for name in groups %},
        {% if name != 'unattributed' -%}
        cast(count(case when customer_group = '{{ name }}' then 1 end) as bigint)
            as {{ name }}_customers,
        {% endif -%}
        cast(
            coalesce(sum(case when customer_group = '{{ name }}' then amount end), 0)
            as decimal(18, 4)
        ) as {{ name }}_amount
        {%- endfor %},
        business_unit
    from measured
    group by metric, business_unit
),

-- Gini = sum of (2i - n - 1) x_i over n times the sum of x_i, the amounts in ascending order. It
-- is rounded half up as safe_divide does it, whose sides would be too small for these sums.
spreads as (
    select
        metric,
        business_unit,
        cast(
            sum(
                cast(2 * position - customer_count - 1 as decimal(18, 0))
                * cast(amount * 10000 as decimal(18, 0))
            ) as decimal(38, 0)
        ) as weighted_units,
        cast(max(customer_count) as decimal(18, 0))
        * cast(max(amount_so_far) * 10000 as decimal(18, 0)) as whole_units
    from ranked
    group by metric, business_unit
),

class_sizes as (
    select
        'margin_recent' as metric,
        'all' as business_unit,
        cast(count(case when pareto_class = 'A' then 1 end) as bigint) as class_a_customers,
        cast(count(case when pareto_class = 'B' then 1 end) as bigint) as class_b_customers,
        cast(count(case when pareto_class = 'C' then 1 end) as bigint) as class_c_customers
    from classed
),

summed as (
    select
        totals.*,
        cast(
            {{ integer_divide(
                'spreads.weighted_units * 2000000 + spreads.whole_units', 'spreads.whole_units * 2'
            ) }}
            as decimal(18, 0)
        ) * cast(0.000001 as decimal(6, 6)) as gini,
        class_sizes.class_a_customers,
        class_sizes.class_b_customers,
        class_sizes.class_c_customers
    from totals
    left join spreads
        on
            totals.metric = spreads.metric
            and totals.business_unit = spreads.business_unit
    left join class_sizes
        on
            totals.metric = class_sizes.metric
            and totals.business_unit = class_sizes.business_unit
)

select * from summed

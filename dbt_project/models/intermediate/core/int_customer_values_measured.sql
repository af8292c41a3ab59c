{% set metrics = ['net_revenue', 'margin'] -%}

with postings as (
    select
        *,
        posted_on > {{ date_plus(as_of_date(), '-1 * ' ~ parameter('revenue_concentration_days')) }}
            as is_recent
    from {{ ref('int_orders_posted') }}
),

customers as (
    select * from {{ ref('int_customers_described') }}
),

-- A customer of two units is one customer of all.
units as (
    select
        business_unit,
        customer_key,
        is_recent,
        net_revenue,
        margin
    from postings
    union all
    select
        'all' as business_unit,
        customer_key,
        is_recent,
        net_revenue,
        margin
    from postings
),

summed as (
    {%- for metric in metrics %}{% for is_recent in [false, true] %}
    {{ 'union all' if not (loop.first and metric == metrics[0]) }}
    select
        '{{ metric }}_{{ "recent" if is_recent else "lifetime" }}' as metric,
        business_unit,
        customer_key,
        cast(sum({{ metric }}) as decimal(18, 4)) as amount
    from units
    {{ 'where is_recent' if is_recent }}
    group by business_unit, customer_key
    {%- endfor %}{% endfor %}
),

measured as (
    select
        summed.metric,
        summed.business_unit,
        summed.customer_key,
        customers.customer_type,
        case
            when summed.customer_key is null then 'unattributed'
            when customers.is_internal then 'internal'
            when summed.amount > 0 then 'positive'
            when summed.amount = 0 then 'zero'
            else 'negative'
        end as customer_group,
        summed.amount
    from summed
    left join customers on summed.customer_key = customers.customer_key
)

select * from measured

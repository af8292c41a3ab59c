-- title: Every class and its size
-- audience: marketing
-- answers: How many customers are in each class of each kind, and where there is no verdict, why?
-- reads: class_history, customer_360, class_labels
with classed as (
    select
        domain,
        code
    from class_history
    where is_current
    union all
    select
        'forecast_status' as domain,
        forecast_status as code
    from customer_360
    union all
    select
        'time_class' as domain,
        time_class as code
    from customer_360
    union all
    select
        'customer_type' as domain,
        customer_type as code
    from customer_360
    union all
    select
        'nature' as domain,
        nature as code
    from customer_360
    union all
    select
        'transaction_status' as domain,
        transaction_status as code
    from customer_360
    union all
    select
        'public_tier' as domain,
        public_tier as code
    from customer_360
),

sizes as (
    select
        domain,
        code,
        count(*) as customers
    from classed
    group by domain, code
)

select
    sizes.domain,
    sizes.code,
    labels.label_en,
    labels.label_zh,
    sizes.customers,
    cast(
        sizes.customers / nullif(sum(sizes.customers) over (partition by sizes.domain), 0)
        as decimal(9, 4)
    ) as share,
    labels.undetermined_because,
    case when labels.undetermined_because is not null then labels.description end
        as why
from sizes
left join class_labels as labels on sizes.domain = labels.domain and sizes.code = labels.code
order by
    sizes.domain asc nulls last,
    labels.sort_order asc nulls last,
    sizes.code asc nulls last

with purchases as (
    select
        *,
        {{ month_of('ordered_on') }} as month_on
    from {{ ref('int_orders_valued') }}
    where is_net_purchase and customer_key is not null
),

acquired as (
    select * from {{ ref('int_customers_acquired') }}
    where not is_internal
),

-- Who came before and bought again; where several channels served one month, the first.
retained as (
    select
        purchases.customer_key,
        purchases.month_on,
        purchases.channel
    from purchases
    inner join acquired
        on
            purchases.customer_key = acquired.customer_key
            and acquired.acquisition_month < purchases.month_on
    qualify
        row_number() over (
            partition by purchases.customer_key, purchases.month_on
            order by
                purchases.ordered_on asc nulls last,
                purchases.source_system asc nulls last,
                purchases.order_id asc nulls last
        ) = 1
)

select * from retained

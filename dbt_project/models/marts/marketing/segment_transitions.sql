with classes as (
    select * from {{ ref('int_classes_stacked') }}
),

history as (
    select * from {{ ref('stg_etl__class_history') }}
),

lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
),

merged as (
    select distinct old_key as customer_key
    from {{ ref('stg_etl__customer_key_changes') }}
    where current_key is not null
),

-- A domain whose history is younger than the last month's end cannot say who is new.
recorded as (
    select
        domain,
        min(changed_on) as first_on
    from history
    group by domain
),

newest as (
    select
        customer_key,
        domain,
        code
    from history
    where changed_on <= {{ last_month_end() }}
    qualify
        row_number() over (
            partition by customer_key, domain
            order by changed_on desc nulls last
        ) = 1
),

since as (
    select * from newest
    where code is not null
),

compared as (
    select
        coalesce(classes.customer_key, since.customer_key) as customer_key,
        coalesce(classes.domain, since.domain) as domain,
        since.code as since_code,
        classes.code as today_code
    from classes
    full outer join since
        on
            classes.customer_key = since.customer_key
            and classes.domain = since.domain
),

moved as (
    select
        compared.domain,
        case
            when compared.since_code is not null then compared.since_code
            when recorded.first_on <= {{ last_month_end() }} then 'joined'
            else 'unrecorded'
        end as from_code,
        case
            when compared.today_code is not null then compared.today_code
            when merged.customer_key is not null then 'merged'
            else 'gone'
        end as to_code,
        lifetime_values.clv_12m_margin_discounted
    from compared
    left join recorded on compared.domain = recorded.domain
    left join merged on compared.customer_key = merged.customer_key
    left join lifetime_values on compared.customer_key = lifetime_values.customer_key
),

segment_transitions as (
    select
        {{ as_of_date() }} as as_of_date,
        {{ last_month_end() }} as since_on,
        domain,
        from_code,
        to_code,
        count(*) as customer_count,
        cast(sum(clv_12m_margin_discounted) as decimal(18, 4)) as clv_12m_margin_discounted
    from moved
    group by
        domain,
        from_code,
        to_code
)

select * from segment_transitions

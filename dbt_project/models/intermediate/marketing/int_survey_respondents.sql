with answers as (
    select * from {{ ref('int_survey_responses_latest') }}
),

identified as (
    select * from {{ ref('int_survey_responses_identified') }}
),

customers as (
    select * from {{ ref('customers') }}
),

orders as (
    select * from {{ ref('int_orders_latest') }}
),

valued as (
    select *
    from {{ ref('int_orders_valued') }}
    where
        is_counted
        and ordered_on <= {{ as_of_date() }}
        and {{ days_between('ordered_on', as_of_date()) }}
        <= {{ parameter('satisfaction_window_days') }}
),

-- What each person of a business ordered, as far as its orders name somebody.
revenues as (
    select
        valued.customer_key,
        {{ respondent(
            'coalesce(orders.crm_system, orders.source_system)', 'orders.contact_id',
            'orders.email_token'
        ) }} as respondent,
        sum(valued.net_revenue) as net_revenue
    from valued
    inner join orders
        on
            valued.source_system = orders.source_system
            and valued.order_id = orders.order_id
    where valued.customer_key is not null
    group by
        valued.customer_key,
        {{ respondent(
            'coalesce(orders.crm_system, orders.source_system)', 'orders.contact_id',
            'orders.email_token'
        ) }}
),

-- A person answers for themselves, under whatever address; a business through several people.
named as (
    select
        answers.source_system,
        answers.response_id,
        identified.customer_key,
        case
            when customers.customer_type = 'business'
                then
                    {{ respondent(
                        'answers.source_system', 'answers.contact_id', 'answers.email_token'
                    ) }}
            else ''
        end as respondent
    from answers
    inner join identified
        on
            answers.source_system = identified.source_system
            and answers.response_id = identified.response_id
    inner join customers on identified.customer_key = customers.customer_key
),

respondents as (
    select
        named.source_system,
        named.response_id,
        named.customer_key,
        named.respondent,
        cast(greatest(coalesce(revenues.net_revenue, 0), 0) as decimal(18, 4)) as net_revenue
    from named
    left join revenues
        on
            named.customer_key = revenues.customer_key
            and named.respondent = revenues.respondent
)

select * from respondents

with facts as (
    select * from {{ ref('int_winback_facts') }}
),

rules as (
    select *
    from {{ ref('classification_rules') }}
    where rule_set = 'winback'
),

-- Every reason that applies to a customer; who has none stands under a rule "eligible".
applying as (
    {% for reason in winback_reasons().split() -%}
    select
        customer_key,
        '{{ reason }}' as class_code,
        'none' as subclass_code
    from facts
    where is_{{ reason }}
    union all
    {% endfor -%}
    select
        customer_key,
        'eligible' as class_code,
        case when is_exploration then 'exploration' else 'none' end as subclass_code
    from facts
),

-- The order is data: the reason with the lowest priority number wins.
ruled as (
    select
        applying.customer_key,
        rules.rule_id,
        applying.class_code,
        applying.subclass_code,
        cast(
            count(*) over (partition by applying.customer_key) - 1 as bigint
        ) as reason_count
    from applying
    inner join rules
        on
            applying.class_code = rules.class_code
            and applying.subclass_code = rules.subclass_code
    qualify
        row_number() over (
            partition by applying.customer_key
            order by rules.priority asc nulls last
        ) = 1
)

select * from ruled

-- Every customer has one current class in every domain, and it is the one the rules give today.
with current_spans as (
    select
        customer_key,
        domain,
        code
    from {{ ref('class_history') }}
    where is_current
),

today as (
    select * from {{ ref('int_classes_stacked') }}
)

select
    coalesce(today.customer_key, current_spans.customer_key) as customer_key,
    coalesce(today.domain, current_spans.domain) as domain,
    current_spans.code,
    today.code as code_today
from today
full outer join current_spans
    on
        today.customer_key = current_spans.customer_key
        and today.domain = current_spans.domain
where coalesce(today.code, '') <> coalesce(current_spans.code, '')

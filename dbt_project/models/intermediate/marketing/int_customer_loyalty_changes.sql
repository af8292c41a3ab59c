{%- set domains = [
    'satisfaction_loyalty_class', 'satisfaction_loyalty_subclass', 'dick_basu_class',
    'behavioural_segment'
] -%}

with changes as (
    select * from {{ ref('int_class_changes') }}
),

-- A row per class becomes a pair of columns per class.
loyalty_changes as (
    select
        customer_key
        {%- for domain in domains %},
        max(case when domain = '{{ domain }}' then previous_code end) as previous_{{ domain }},
        max(case when domain = '{{ domain }}' then changed_on end) as {{ domain }}_changed_on
        {%- endfor %}
    from changes
    group by customer_key
)

select * from loyalty_changes

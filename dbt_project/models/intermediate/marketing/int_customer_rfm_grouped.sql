{%- set presets = ['native', 'shopify', 'klaviyo'] -%}

with facts as (
    select * from {{ ref('int_customer_rfm_facts') }}
),

scores as (
    select * from {{ ref('int_customer_rfm_scores') }}
),

rules as (
    select
        ruled.customer_key,
        ruled.business_unit,
        ruled.rule_id,
        rules.class_code as rfm_status
    from {{ ref('int_customer_rfm_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
),

groups_in_force as (
    {{ settings_in_force(ref('rfm_groups'), ['preset', 'r_score', 'fm_score']) | indent(4) }}
),

cells as (
    select
        r_score,
        {%- for preset in presets %}
        max(case when preset = '{{ preset }}' then rfm_group end) as {{ preset }}_group,
        {%- endfor %}
        fm_score
    from groups_in_force
    group by r_score, fm_score
),

-- What may not be used, or has nobody to stand beside, carries no score any further.
scored as (
    select
        rules.*,
        facts.score_group,
        case when not facts.is_not_profiled then facts.last_ordered_on end as last_ordered_on,
        case when not facts.is_not_profiled then facts.recency_days end as recency_days,
        case when not facts.is_not_profiled then facts.frequency_days end as frequency_days,
        case when not facts.is_not_profiled then facts.monetary end as monetary,
        scores.recency_peers,
        scores.r_score,
        scores.f_score,
        scores.m_score,
        cast({{ integer_divide('scores.f_score + scores.m_score + 1', '2') }} as bigint)
            as fm_score
    from rules
    inner join facts
        on
            rules.customer_key = facts.customer_key
            and rules.business_unit = facts.business_unit
    left join scores
        on
            rules.customer_key = scores.customer_key
            and rules.business_unit = scores.business_unit
            and rules.rfm_status in ('scored', 'outside_window', 'no_spend')
),

grouped as (
    select
        {%- for preset in presets %}
        coalesce(cells.{{ preset }}_group, scored.rfm_status) as {{ preset }}_group,
        {%- endfor %}
        scored.*
    from scored
    left join cells
        on
            scored.r_score = cells.r_score
            and scored.fm_score = cells.fm_score
)

select * from grouped

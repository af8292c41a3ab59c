{#- Each seed that a rule of this folder reads, as lines of text. -#}
{%- set seeds = {
    'satisfaction_thresholds':
        ['survey_type', 'scale_min', 'scale_max', 'high_from', 'valid_from'],
    'loyalty_survey_items': ['survey_type', 'item_code', 'part', 'valid_from'],
    'winback_uplift': ['activity_status', 'p_treat', 'p_control', 'valid_from'],
    'classification_rules': ['rule_set', 'rule_id', 'priority', 'class_code', 'subclass_code'],
    'case_meanings': ['reason_code', 'loss_reason', 'is_public_praise', 'is_wish_to_leave'],
    'lifecycle_map': ['lifecycle_raw', 'is_qualified'],
    'contact_channels': ['channel', 'address_kind', 'preference'],
    'winback_experiments_planned': [
        'experiment', 'salt', 'starts_on', 'ends_on', 'outcome_days', 'reads_on', 'holdout_share',
        'material_difference', 'offer_code',
    ],
    'rfm_groups': ['preset', 'r_score', 'fm_score', 'rfm_group', 'valid_from'],
    'grade_methods': ['score_group', 'grade_method', 'valid_from'],
    'customer_natures': ['word', 'nature', 'is_strategic'],
} -%}

with lines as (
    select 'parameters;' || {{ params_hash() }} as line
    {%- for seed, columns in seeds.items() %}
    union all
    select
        '{{ seed }}'
        {%- for column in columns %}
        || ';' || coalesce(cast({{ column }} as string), '')
        {%- endfor %} as line
    from {{ ref(seed) }}
    {%- if 'valid_from' in columns %}
    where valid_from <= {{ as_of_date() }}
    {%- endif %}
    {%- endfor %}
),

hashed as (
    select md5({{ joined_text('line', 'chr(10)', 'line asc nulls last') }}) as params_hash
    from lines
)

select * from hashed

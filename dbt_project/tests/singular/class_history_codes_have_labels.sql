-- Every code that history or a transition can hold has its two labels.
with codes as (
    select
        domain,
        code
    from {{ ref('class_history') }}
    union
    select
        case when from_code in ('joined', 'unrecorded') then 'transition' else domain end as domain,
        from_code as code
    from {{ ref('segment_transitions') }}
    union
    select
        case when to_code in ('gone', 'merged') then 'transition' else domain end as domain,
        to_code as code
    from {{ ref('segment_transitions') }}
    union
    -- A reason is a status too, in the history of who may be won back.
    select
        'winback_status' as domain,
        code
    from {{ ref('class_labels') }}
    where domain = 'suppression_reason'
)

select
    codes.domain,
    codes.code
from codes
left join {{ ref('class_labels') }} as labels
    on codes.domain = labels.domain and codes.code = labels.code
where labels.code is null

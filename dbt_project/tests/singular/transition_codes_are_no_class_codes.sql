-- A reader of segment_transitions must not take "was no customer yet" for a class of that name.
with transition_codes as (
    select code
    from {{ ref('class_labels') }}
    where domain = 'transition'
),

class_codes as (
    select distinct
        domain,
        code
    from {{ ref('class_history') }}
)

select
    class_codes.domain,
    class_codes.code
from class_codes
inner join transition_codes on class_codes.code = transition_codes.code

with stored as (
    select *
    from {{ ref('stg_etl__winback_assignments') }}
    where eligible_on <= {{ as_of_date() }}
),

-- Where each former key is found now; null for a customer of whom nothing is left.
key_changes as (
    select distinct
        old_key,
        current_key
    from {{ ref('stg_etl__customer_key_changes') }}
),

known_keys as (
    select distinct customer_key
    from {{ ref('stg_etl__identities') }}
    where customer_key is not null
),

followed as (
    select
        case
            when key_changes.old_key is not null then key_changes.current_key
            else stored.assigned_key
        end as customer_key,
        stored.*
    from stored
    left join key_changes on stored.assigned_key = key_changes.old_key
),

-- Of customers who became one the earliest assignment holds; two arms are flagged.
repointed as (
    select
        followed.customer_key,
        followed.experiment,
        followed.arm,
        followed.stratum,
        followed.eligible_on as assigned_on,
        min(followed.arm) over (partition by followed.experiment, followed.customer_key)
        <> max(followed.arm) over (partition by followed.experiment, followed.customer_key)
            as is_arm_conflict
    from followed
    inner join known_keys on followed.customer_key = known_keys.customer_key
    qualify
        row_number() over (
            partition by followed.experiment, followed.customer_key
            order by followed.eligible_on asc nulls last, followed.assigned_key asc nulls last
        ) = 1
)

select * from repointed

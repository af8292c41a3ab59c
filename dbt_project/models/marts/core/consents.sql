with expanded as (
    select * from {{ ref('int_consents_expanded') }}
),

-- The last word counts; of two at one instant the more restrictive.
last_words as (
    select *
    from expanded
    qualify
        row_number() over (
            partition by customer_key, channel, purpose
            order by
                occurred_at desc nulls last,
                case state when 'withdrawn' then 0 when 'denied' then 1 else 2 end asc nulls last,
                source_system asc nulls last,
                consent_id asc nulls last
        ) = 1
),

consents as (
    select
        customer_key,
        channel,
        purpose,
        state,
        occurred_on as decided_on,
        source_system,
        state = 'granted' as is_granted
    from last_words
)

select * from consents

-- On a list is only who granted its purpose on a channel, and objects neither to it nor to
-- profiling.
with listed as (
    select
        customer_key,
        channel,
        'winback' as purpose
    from {{ ref('export_winback') }}
    union all
    select
        customer_key,
        cast(null as string) as channel,
        'marketing' as purpose
    from {{ ref('export_segments') }}
),

words as (
    select
        listed.customer_key,
        listed.purpose,
        count(
            case
                when
                    consents.is_granted
                    and consents.purpose = listed.purpose
                    and consents.channel = coalesce(listed.channel, consents.channel)
                    then 1
            end
        ) as granted,
        count(
            case
                when
                    not consents.is_granted
                    and (
                        consents.purpose = 'profiling'
                        or (listed.purpose = 'winback' and consents.purpose = 'winback')
                    )
                    then 1
            end
        ) as objected
    from listed
    left join {{ ref('consents') }} as consents on listed.customer_key = consents.customer_key
    group by listed.customer_key, listed.purpose
)

select *
from words
where granted = 0 or objected > 0

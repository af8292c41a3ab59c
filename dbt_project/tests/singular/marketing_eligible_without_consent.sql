-- Nobody may be contacted who did not grant it: on each eligible channel the customer's last word
-- on win-back is yes and on marketing not no, and on no channel did they refuse win-back. Read from
-- the consents themselves.
with listed as (
    select
        targets.customer_key,
        channels.channel
    from {{ ref('winback_targets') }} as targets
    inner join {{ ref('contact_channels') }} as channels
        on (';' || targets.eligible_channels || ';') like ('%;' || channels.channel || ';%')
    where targets.is_eligible
),

words as (
    select
        listed.customer_key,
        listed.channel,
        count(
            case
                when
                    consents.is_granted
                    and consents.purpose = 'winback'
                    and consents.channel = listed.channel
                    then 1
            end
        ) as granted,
        count(
            case
                when
                    not consents.is_granted
                    and (consents.purpose = 'winback' or consents.channel = listed.channel)
                    then 1
            end
        ) as objected
    from listed
    left join {{ ref('consents') }} as consents
        on
            listed.customer_key = consents.customer_key
            and consents.purpose in ('marketing', 'winback')
    group by listed.customer_key, listed.channel
),

unlisted as (
    select
        targets.customer_key,
        'no channel' as channel,
        0 as granted,
        0 as objected
    from {{ ref('winback_targets') }} as targets
    where
        targets.is_eligible
        and targets.customer_key not in (select listed.customer_key from listed)
)

select *
from words
where granted = 0 or objected > 0
union all
select * from unlisted

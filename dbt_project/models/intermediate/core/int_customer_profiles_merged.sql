with records as (
    select * from {{ ref('int_crm_records_identified') }}
),

ranked as (
    select
        *,
        {{ crm_record_rank() | indent(8) }} as record_rank
    from records
),

merged as (
    select
        customer_key,
        bool_or(is_business) as is_business,
        min_by(nature_word, record_rank) filter (where nature_word is not null) as nature_word,
        min_by(type_word, record_rank) filter (where type_word is not null) as type_word,
        min_by(country, record_rank) filter (where country is not null) as country,
        min_by(email_domain, record_rank) filter (where email_domain is not null) as email_domain,
        bool_or(entity = 'contact') as has_contact,
        bool_or(has_email and not is_passed_over) as has_email,
        bool_or(has_phone and not is_passed_over) as has_phone,
        bool_or(is_internal) as is_internal,
        bool_or(is_deceased and not is_passed_over) as is_deceased,
        bool_or(is_minor and not is_passed_over) as is_minor,
        bool_or(has_bad_debt) as has_bad_debt,
        -- One address that still works is enough to reach the customer.
        case
            when
                count(case when has_email and not is_passed_over then 1 end)
                = count(
                    case
                        when has_email and not is_passed_over and email_bounced_on is not null
                            then 1
                    end
                )
                then max(case when not is_passed_over then email_bounced_on end)
        end as email_bounced_on,
        -- Closed when every account is.
        case
            when
                count(case when entity = 'account' then 1 end)
                = count(case when entity = 'account' and closed_on is not null then 1 end)
                then max(closed_on)
        end as account_closed_on,
        min(created_on) as created_on
    from ranked
    group by customer_key
)

select * from merged

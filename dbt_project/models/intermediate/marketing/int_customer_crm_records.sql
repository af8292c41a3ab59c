with records as (
    select * from {{ ref('int_crm_records_identified') }}
),

-- A lead is no record to write to, nor a dead or minor contact of a business.
ranked as (
    select
        *,
        {{ crm_record_rank() | indent(8) }} as record_rank
    from records
    where entity in ('account', 'contact') and not is_passed_over
),

first_records as (
    select * from ranked
    where record_rank = 1
),

-- Of the same system its first account and its first contact.
crm_records as (
    select
        ranked.customer_key,
        ranked.source_system as crm_system,
        min_by(ranked.source_id, ranked.record_rank) filter (where ranked.entity = 'contact')
            as contact_id,
        min_by(ranked.source_id, ranked.record_rank) filter (where ranked.entity = 'account')
            as account_id
    from ranked
    inner join first_records
        on
            ranked.customer_key = first_records.customer_key
            and ranked.source_system = first_records.source_system
    group by ranked.customer_key, ranked.source_system
)

select * from crm_records

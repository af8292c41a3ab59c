-- Every record has one verdict, and the verdicts add up: there are as many customers as first
-- records, and every customer number, contact, account and lead that a source delivered is a first
-- record, joined one by a rule, or stands in quarantine.
with identities as (
    select * from {{ ref('stg_etl__identities') }}
),

delivered as (
    select
        source_system,
        'contact' as entity,
        contact_id as source_id
    from {{ ref('int_contacts_latest') }}
    union all
    select
        source_system,
        'account' as entity,
        account_id as source_id
    from {{ ref('int_accounts_latest') }}
    union all
    select
        source_system,
        'lead' as entity,
        lead_id as source_id
    from {{ ref('int_leads_latest') }}
    union all
    select distinct
        source_system,
        'customer_ref' as entity,
        customer_ref as source_id
    from {{ ref('int_orders_latest') }}
    where customer_ref is not null
),

unresolved as (
    select
        delivered.entity as problem,
        count(*) as row_count
    from delivered
    left join identities
        on
            delivered.source_system = identities.source_system
            and delivered.entity = identities.entity
            and delivered.source_id = identities.source_id
    where identities.rule is null
    group by delivered.entity
),

sums as (
    select
        count(*) as records,
        count(distinct customer_key) as customers,
        coalesce(sum(case when rule = 'own_record' then 1 else 0 end), 0) as firsts,
        coalesce(sum(case when rule = 'quarantined_cluster' then 1 else 0 end), 0) as quarantined,
        coalesce(sum(case when customer_key is null then 1 else 0 end), 0) as without_customer,
        coalesce(sum(case when matched_id is not null then 1 else 0 end), 0) as joined
    from identities
),

differences as (
    select
        'customers' as problem,
        customers - firsts as row_count
    from sums
    union all
    select
        'quarantined' as problem,
        without_customer - quarantined as row_count
    from sums
    union all
    select
        'records' as problem,
        records - firsts - joined - quarantined as row_count
    from sums
)

select
    problem,
    row_count
from unresolved
union all
select
    problem,
    row_count
from differences
where row_count <> 0

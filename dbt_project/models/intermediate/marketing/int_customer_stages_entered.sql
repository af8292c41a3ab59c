with stages as (
    select
        ruled.customer_key,
        rules.class_code as stage,
        labels.sort_order as stage_no
    from {{ ref('int_customer_lifecycle_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
    inner join {{ ref('class_labels') }} as labels
        on rules.class_code = labels.code and labels.domain = 'stage'
),

changes as (
    select * from {{ ref('int_class_changes') }}
    where domain = 'stage'
),

history as (
    select * from {{ ref('stg_etl__class_history') }}
    where domain = 'stage'
),

recorded as (
    select coalesce(min(changed_on), {{ as_of_date() }}) as first_on from history
),

reached as (
    select
        history.customer_key,
        max(labels.sort_order) as stage_no
    from history
    inner join {{ ref('class_labels') }} as labels
        on history.code = labels.code and labels.domain = 'stage'
    group by history.customer_key
),

purchases as (
    select
        customer_key,
        {{ purchased_on('1') }} as first_on,
        {{ purchased_on(parameter('lifecycle_experiencing_days_min')) }} as experiencing_on,
        {{ purchased_on(parameter('lifecycle_stable_days_min')) }} as stable_on,
        {{ date_plus(
            purchased_on('1'), parameter('lifecycle_first_time_max_days') ~ ' + 1'
        ) }} as first_time_until_on
    from {{ ref('int_customer_purchase_days') }}
    group by customer_key
),

dated as (
    select
        stages.customer_key,
        stages.stage,
        stages.stage_no,
        greatest(stages.stage_no, coalesce(reached.stage_no, stages.stage_no)) as highest_no,
        changes.previous_code,
        changes.changed_on,
        case stages.stage
            when 'first_time' then purchases.first_on
            when 'experiencing'
                then least(
                    coalesce(purchases.experiencing_on, purchases.first_time_until_on),
                    purchases.first_time_until_on
                )
            when 'stable' then purchases.stable_on
        end as computed_on,
        case when changes.first_seen_on > recorded.first_on then changes.first_seen_on end
            as appeared_on,
        case when stages.stage = 'first_time' then purchases.first_time_until_on end
            as next_stage_on
    from stages
    inner join changes on stages.customer_key = changes.customer_key
    cross join recorded
    left join reached on stages.customer_key = reached.customer_key
    left join purchases on stages.customer_key = purchases.customer_key
),

-- Time alone lowers no stage that was bought but an advocate's: its sign expires.
entered as (
    select
        dated.customer_key,
        dated.stage,
        coalesce(dated.changed_on, dated.computed_on, dated.appeared_on) as entered_on,
        case
            when dated.changed_on is not null then 'observed'
            when dated.computed_on is not null then 'computed'
            when dated.appeared_on is not null then 'observed'
            else 'unknown'
        end as entered_on_basis,
        highest.code as stage_max,
        dated.stage_no < dated.highest_no
        and highest.code not in ('suspect', 'prospect')
        and not (highest.code = 'advocate' and dated.stage = 'stable') as stage_max_voided,
        dated.next_stage_on,
        dated.previous_code as previous_stage
    from dated
    inner join {{ ref('class_labels') }} as highest
        on dated.highest_no = highest.sort_order and highest.domain = 'stage'
)

select * from entered

with terms as (
    select * from {{ ref('int_contract_terms') }}
),

fit_in_force as (
    select *
    from {{ ref('stg_etl__contract_fits') }}
    where in_force_from <= {{ as_of_date() }}
    qualify
        row_number() over (
            order by in_force_from desc nulls last, run_cutoff_on desc nulls last
        ) = 1
),

lookup as (
    select * from {{ ref('stg_etl__contract_lookup') }}
),

excluded as (
    select * from {{ ref('int_clv_exclusions') }}
),

ruled as (
    select
        terms.*,
        fit_in_force.run_cutoff_on,
        fit_in_force.model,
        fit_in_force.sufficiency,
        fit_in_force.sufficiency_reason,
        case
            when excluded.rule_id is not null then 'CR41_EXCLUDED'
            when terms.state = 'lost' then 'CR31_LOST'
            when terms.state = 'notice' then 'CR21_NOTICE'
            when fit_in_force.model = 'none' then 'CR12_NO_MODEL'
            else 'CR11_FORECAST'
        end as rule_id
    from terms
    cross join fit_in_force
    left join excluded on terms.customer_key = excluded.customer_key
),

forecast as (
    select
        ruled.*,
        case
            when ruled.rule_id = 'CR11_FORECAST' then lookup.p_renewal_next
            when ruled.rule_id = 'CR21_NOTICE' then 0
        end as p_renewal_next,
        case
            when ruled.rule_id = 'CR11_FORECAST' then lookup.expected_renewals_10
            when ruled.rule_id = 'CR21_NOTICE' then 0
        end as expected_renewals_10,
        case
            when ruled.rule_id = 'CR11_FORECAST' then lookup.discounted_renewals
            when ruled.rule_id = 'CR21_NOTICE' then 0
        end as discounted_renewals
    from ruled
    left join lookup
        on
            ruled.run_cutoff_on = lookup.run_cutoff_on
            and ruled.periods_survived = lookup.periods_survived
            and ruled.days_to_renewal = lookup.days_to_renewal
),

contract_renewals as (
    select
        customer_key,
        source_system,
        contract_id,
        {{ as_of_date() }} as as_of_date,
        state,
        started_on,
        ends_on,
        ended_on,
        periods_survived,
        case when state = 'running' then renewal_on end as next_renewal_on,
        cast(p_renewal_next as decimal(9, 6)) as p_renewal_next,
        cast(expected_renewals_10 as decimal(18, 6)) as expected_renewals_10,
        cast(discounted_renewals as decimal(18, 6)) as discounted_renewals,
        case when rule_id = 'CR11_FORECAST' then model else 'none' end as model,
        run_cutoff_on,
        sufficiency,
        sufficiency_reason,
        rule_id,
        {{ reason_json([
            ['state', 'state'],
            ['periods_survived', 'periods_survived', 'integer'],
            ['ends_on', 'ends_on', 'date'],
            ['auto_renew', 'auto_renew', 'boolean'],
            ['notice_on', 'notice_on', 'date'],
            ['cutoff_on', 'run_cutoff_on', 'date'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        {{ params_hash() }} as params_hash
    from forecast
)

select * from contract_renewals

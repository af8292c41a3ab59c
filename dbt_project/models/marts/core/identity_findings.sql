with findings as (
    select * from {{ ref('stg_etl__identity_findings') }}
),

identity_findings as (
    select
        finding,
        finding_id,
        record_count,
        source_system,
        entity,
        source_id,
        shared_rule,
        shared_system,
        shared_entity,
        shared_id,
        shared_by
    from findings
)

select * from identity_findings

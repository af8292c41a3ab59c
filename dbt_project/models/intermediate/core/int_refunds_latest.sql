with latest as (
    {{ latest_versions(ref('stg_shop__refunds'), ['refund_id']) }}
),

-- An export that states no date has its refunds dated when they became known. The same export
-- tells them again every day: the first day stays, so that no refund moves once it was counted.
first_assumed as (
    select
        source_system,
        refund_id,
        min(refunded_at) as refunded_at,
        min(refunded_on) as refunded_on
    from {{ ref('stg_shop__refunds') }}
    where date_basis = 'assumed' and known_on <= {{ as_of_date() }}
    group by source_system, refund_id
),

dated as (
    select
        latest.source_system,
        latest.refund_id,
        latest.order_id,
        case
            when latest.date_basis = 'assumed' then first_assumed.refunded_at
            else latest.refunded_at
        end as refunded_at,
        case
            when latest.date_basis = 'assumed' then first_assumed.refunded_on
            else latest.refunded_on
        end as refunded_on,
        latest.refund_total,
        latest.refund_tax,
        latest.refund_shipping,
        latest.currency,
        latest.fx_rate,
        latest.reason,
        latest.date_basis,
        latest.updated_at,
        latest.updated_on,
        latest.source_file,
        latest.source_row,
        latest.batch_id,
        latest.extracted_at,
        latest.loaded_at,
        latest.known_on,
        latest.source_sequence,
        latest.record_hash,
        latest.document_hash,
        latest.is_deleted,
        latest.extra_json,
        latest.first_known_on
    from latest
    left join first_assumed
        on
            latest.source_system = first_assumed.source_system
            and latest.refund_id = first_assumed.refund_id
)

select * from dated

-- Does the lake hold what the deliveries say was accepted? One row per source system and table.
-- Amounts are those of the table's reconciled column, in the currency of each record.
with delivered as (
    select
        source_system,
        table_name,
        sum(rows_accepted + rows_rejected) as rows_delivered,
        sum(rows_accepted) as rows_accepted,
        sum(rows_rejected) as rows_rejected,
        sum(amount_accepted) as amount_accepted,
        coalesce(sum(amount_rejected), 0) as amount_rejected
    from read_parquet($loads)
    where table_name <> ''
    group by source_system, table_name
),

held as (
    {held_tables}
)

select
    coalesce(delivered.source_system, held.source_system) as source_system,
    coalesce(delivered.table_name, held.table_name) as table_name,
    coalesce(delivered.rows_delivered, 0)::bigint as rows_delivered,
    coalesce(delivered.rows_rejected, 0)::bigint as rows_rejected,
    coalesce(delivered.rows_accepted, 0)::bigint as rows_accepted,
    coalesce(held.rows_in_lake, 0)::bigint as rows_in_lake,
    delivered.amount_rejected::decimal(38, 4) as amount_rejected,
    delivered.amount_accepted::decimal(38, 4) as amount_accepted,
    held.amount_in_lake::decimal(38, 4) as amount_in_lake
from delivered
full join held
    on
        delivered.source_system = held.source_system
        and delivered.table_name = held.table_name
order by source_system asc nulls last, table_name asc nulls last

{# The version of each key that holds as of the as-of date, a deleted one too.

   Of all versions known by then the last by (updated_at, source_sequence) wins, an unstated
   updated_at counting as the earliest. Of equally late ones one that is not deleted (of two lists of
   a day one may lack what the other has), then the last by (document_hash, record_hash): an erasure
   changes only the latter. Neither arrival nor loading time decides, so any order of deliveries
   gives the same rows.

   first_known_on is when the key itself became known, which no later version moves.

   relation: a staging model. keys: the key columns beside source_system.
   updated_at: false for a table that has no such column. #}
{% macro winning_versions(relation, keys, updated_at=true) -%}
    select
        *,
        min(known_on) over (
            partition by source_system, {{ keys | join(', ') }}
        ) as first_known_on
    from {{ relation }}
    where known_on <= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by source_system, {{ keys | join(', ') }}
            order by
                {% if updated_at -%}
                updated_at desc nulls last,
                {% endif -%}
                source_sequence desc nulls last,
                is_deleted asc nulls first,
                document_hash desc nulls last,
                record_hash desc nulls last
        ) = 1
{%- endmacro %}


{# The winning version of each key, deleted records left out. Arguments as above. #}
{% macro latest_versions(relation, keys, updated_at=true) -%}
with winners as (
{{ winning_versions(relation, keys, updated_at) }}
),

latest as (
    select *
    from winners
    where not is_deleted
)

select * from latest
{%- endmacro %}


{# The rows of each document's version that holds as of the as-of date.

   A document (the lines of an order) is replaced as a set: a line that the winning version does
   not have is gone. Lines that came in one file with a head count only with that head, which names
   them by their document_hash: an order never has the lines of another of its versions. Of what is
   left, its own lines and those that came alone, the last by (updated_at, source_sequence,
   document_hash) wins, where updated_at is the latest of the version's rows.

   relation: a staging model. head: the staging model of what the documents are lines of.
   document: the column that names the document. line: the position within it. #}
{% macro latest_document_lines(relation, head, document, line) -%}
with known as (
    select *
    from {{ relation }}
    where known_on <= {{ as_of_date() }}
),

heads as (
{{ winning_versions(head, [document]) }}
),

versions as (
    select
        source_system,
        {{ document }},
        source_sequence,
        document_hash,
        max(updated_at) as document_updated_at
    from known
    group by source_system, {{ document }}, source_sequence, document_hash
),

claimed as (
    select distinct
        source_system,
        {{ document }},
        document_hash
    from {{ head }}
    where known_on <= {{ as_of_date() }} and document_hash is not null
),

-- A head from an export of its own names no lines, and leaves the choice to all of them.
open_versions as (
    select versions.*
    from versions
    left join heads
        on
            versions.source_system = heads.source_system
            and versions.{{ document }} = heads.{{ document }}
    left join claimed
        on
            versions.source_system = claimed.source_system
            and versions.{{ document }} = claimed.{{ document }}
            and versions.document_hash = claimed.document_hash
    where
        heads.document_hash is null
        or claimed.document_hash is null
        or versions.document_hash = heads.document_hash
),

winning_versions as (
    select *
    from open_versions
    qualify
        row_number() over (
            partition by source_system, {{ document }}
            order by
                document_updated_at desc nulls last,
                source_sequence desc nulls last,
                document_hash desc nulls last
        ) = 1
),

-- The same document delivered twice brings each of its lines twice.
distinct_lines as (
    select known.*
    from known
    inner join winning_versions
        on
            known.source_system = winning_versions.source_system
            and known.{{ document }} = winning_versions.{{ document }}
            and known.source_sequence = winning_versions.source_sequence
            and known.document_hash = winning_versions.document_hash
    qualify
        row_number() over (
            partition by known.source_system, known.{{ document }}, known.{{ line }}
            order by known.record_hash desc nulls last
        ) = 1
),

latest as (
    select *
    from distinct_lines
    where not is_deleted
)

select * from latest
{%- endmacro %}

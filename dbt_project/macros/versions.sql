{# The version of each key that holds as of the as-of date, a deleted one too.

   Of all versions known by then the last by (updated_at, source_sequence, record_hash) wins, an
   unstated updated_at counting as the earliest; of equal ones the last by document_hash. Neither
   arrival nor loading time decides, so any order of deliveries gives the same rows.

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
                record_hash desc nulls last,
                document_hash desc nulls last
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
   not have is gone. Where the head of the document came in one file with its lines, it says which
   they are, by their document_hash: an order never has the lines of another of its versions. Else
   the version is chosen by (updated_at, source_sequence, document_hash), where updated_at is the
   latest of the version's rows.

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

-- A head that came without its lines leaves the choice to them.
headed_versions as (
    select versions.*
    from versions
    left join heads
        on
            versions.source_system = heads.source_system
            and versions.{{ document }} = heads.{{ document }}
    where
        heads.document_hash is null
        or versions.document_hash = heads.document_hash
),

winning_versions as (
    select *
    from headed_versions
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

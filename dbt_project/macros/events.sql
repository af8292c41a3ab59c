{# The records of one entity as events of one type: a select over all of them that have the date, in
   the columns of the activity stream. Expressions name the record as `records`.

   entity: a mapping with `name`, `keys` (its key columns beside source_system), `latest` (its
     int_<entity>_latest model) and `parties` (the model that has its customer_key).
   type: an SQL text, in quotes where it is the same for all.
   at: the instant it happened, whose business day is the sibling column in _on; or
   on: the day, where the source knows no more.
   rates: model with the exchange_rate of each record; without one only amounts in the reporting
     currency are carried over to it. #}
{% macro dated_events(
    entity, type, at=none, on=none, condition='true', channel='null', direction='null',
    detail='null', amount='null', currency='null', rates=none, points='null', is_automatic='null'
) -%}
{%- set occurred_on = on or at[:-3] ~ '_on' -%}
{%- set id = [] -%}
{%- for key in entity['keys'] -%}
    {%- do id.append('records.' ~ key) -%}
{%- endfor -%}
select
    records.source_system,
    '{{ entity["name"] }}' as source_entity,
    {{ id | join(" || '|' || ") }} as source_id,
    {{ type }} as event_type,
    parties.customer_key,
    {{ 'records.' ~ at if at else 'cast(null as timestamp)' }} as occurred_at,
    records.{{ occurred_on }} as occurred_on,
    cast({{ channel }} as string) as channel,
    cast({{ direction }} as string) as direction,
    cast({{ detail }} as string) as detail,
    cast({{ amount }} as decimal(18, 4)) as amount,
    cast({{ currency }} as string) as currency,
    {% if rates -%}
    {{ to_reporting(amount, 'rates.exchange_rate') }}
    {%- else -%}
    cast(
        case when {{ currency }} = '{{ var("reporting_currency") }}' then {{ amount }} end
        as decimal(18, 4)
    )
    {%- endif %} as reporting_amount,
    cast({{ points }} as decimal(18, 2)) as points,
    cast({{ is_automatic }} as boolean) as is_automatic,
    records.known_on
from {{ entity['latest'] }} as records
inner join {{ entity['parties'] }} as parties
    on
        records.source_system = parties.source_system
        {% for key in entity['keys'] -%}
        and records.{{ key }} = parties.{{ key }}
        {% endfor -%}
{% if rates -%}
left join {{ rates }} as rates
    on
        records.source_system = rates.source_system
        {% for key in entity['keys'] -%}
        and records.{{ key }} = rates.{{ key }}
        {% endfor -%}
{% endif -%}
where records.{{ occurred_on }} is not null and {{ condition }}
{%- endmacro %}

-- Products that are sold but not described. The lines are kept; reports show them as unknown.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

select
    lines.source_system,
    lines.product_id,
    count(*) as line_count
from {{ ref('order_lines') }} as lines
left join {{ ref('products') }} as products
    on lines.source_system = products.source_system and lines.product_id = products.product_id
where lines.product_id is not null and products.product_id is null
group by lines.source_system, lines.product_id

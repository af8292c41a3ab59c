{{ config(
    severity='warn',
    meta={'owner': 'marketing', 'todo': 'Add the words to seeds/customer_natures.csv.'}
) }}

-- Businesses of unknown nature, by the CRM's words for them: no word, or none that the seed knows.
select
    nature_word,
    type_word,
    count(*) as customers
from {{ ref('int_customers_described') }}
where nature = 'unknown'
group by nature_word, type_word

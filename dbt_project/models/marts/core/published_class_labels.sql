{{ config(alias='class_labels') }}

with labels as (
    select * from {{ ref('class_labels') }}
),

undetermined as (
    select * from {{ ref('undetermined_classes') }}
),

told as (
    select * from {{ ref('classes_told') }}
),

class_labels as (
    select
        labels.domain,
        labels.code,
        labels.sort_order,
        labels.label_en,
        labels.label_zh,
        labels.description,
        undetermined.undetermined_because,
        told.told_en,
        told.told_zh
    from labels
    left join undetermined
        on labels.domain = undetermined.domain and labels.code = undetermined.code
    left join told
        on labels.domain = told.domain and labels.code = told.code
)

select * from class_labels

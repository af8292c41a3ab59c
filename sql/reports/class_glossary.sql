-- title: What each class means, in English and Chinese
-- audience: marketing
-- answers: What is each code called in English and in Chinese, and what does it mean?
-- reads: class_labels
select
    domain,
    code,
    label_en,
    label_zh,
    description,
    undetermined_because
from class_labels
order by domain asc nulls last, sort_order asc nulls last, code asc nulls last

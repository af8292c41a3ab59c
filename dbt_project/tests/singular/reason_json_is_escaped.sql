-- The macro's text, character by character: keys in order, decimals and dates as text, quotes and
-- backslashes escaped, control characters gone, null as null, long codes cut.
with deciding_values as (
    select
        'a"b' || chr(92) || 'c' || chr(10) || 'd' as code,
        cast(1.5 as decimal(9, 4)) as score,
        cast(null as decimal(9, 4)) as missing,
        cast(3 as bigint) as order_count,
        true as is_open,
        cast('2017-12-31' as date) as day,
        repeat('x', 100) as long_code
),

written as (
    select
        {{ reason_json([
            ['z', 'code'], ['a', 'score', 'decimal'], ['m', 'missing', 'decimal'],
            ['n', 'order_count', 'integer'], ['o', 'is_open', 'boolean'], ['d', 'day', 'date'],
            ['l', 'long_code'],
        ]) }} as reason
    from deciding_values
)

select reason
from written
where
    reason <> '{"z": "a' || chr(92) || '"b' || chr(92) || chr(92) || 'c d", "a": "1.5000", '
    || '"m": null, "n": 3, "o": true, "d": "2017-12-31", "l": "' || repeat('x', 60) || '"}'

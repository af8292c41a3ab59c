-- The macro's quotients against known ones: halves go away from zero, nothing passes through a
-- double, and there is none by zero.
with divisions as (
    select
        cast(known.above as decimal(18, 6)) as above,
        cast(known.below as decimal(18, 6)) as below,
        cast(known.expected as decimal(18, 6)) as expected
    from (
        values
        ('1', '128', '0.007813'),
        ('-1', '128', '-0.007813'),
        ('1', '-128', '-0.007813'),
        ('-1', '-128', '0.007813'),
        ('64.670312', '1', '64.670312'),
        ('2', '3', '0.666667'),
        ('0', '7', '0'),
        ('999999999.999999', '0.001', '999999999999.999000'),
        ('1', '0', null),
        ('1', null, null),
        (null, '1', null)
    ) as known (above, below, expected)
),

divided as (
    select
        *,
        {{ safe_divide('above', 'below', 6) }} as computed
    from divisions
)

select *
from divided
where computed is distinct from expected

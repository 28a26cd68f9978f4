select
    offence_code,
    offence_class,
    name,
    is_class_level = 'Y' as is_class_level,
    names_a_child,
    offence_group,
    image in ('Y', 'C') as is_image,
    contact in ('Y', 'E') and coalesce(image, 'N') not in ('Y', 'C') as is_contact,
    counts_only_when_flagged = 'Y' as counts_only_when_flagged,
    valid_from,
    valid_to
from {{ ref('offences') }}

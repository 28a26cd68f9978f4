{{ staged_records('crimes') }}

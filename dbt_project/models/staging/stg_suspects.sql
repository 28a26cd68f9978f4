{{ staged_records('suspects') }}

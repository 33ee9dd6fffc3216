"""
What meters and the boxes that read them send, each shape in a module of its own, all of them pure.

    own             our own: {"measured_at": …, "current_a": […]}
    p1_telegram     the text of a P1 port, with its CRC (DSMR 4 and 5, eMUCS, Swedish ports)
    obis            JSON with OBIS codes for names, as bridges of P1 and HAN ports give it
    dsmr_reader     JSON with the names of DSMR-reader
    homewizard      JSON of a HomeWizard P1 or kWh meter, versions 1 and 2
    ams             JSON of the bridges at Norwegian and Swedish HAN ports (lists of Aidon, Kaifa, Kamstrup)
    shelly          JSON of a Shelly 3EM, Pro 3EM or 3EM-63

`shown` is what all of them are turned into, `values` reads numbers and times, and `recognising` tells which
shape a payload has.
"""

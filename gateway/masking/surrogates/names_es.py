"""Frequent Spanish first names and surnames that are no ordinary words. Data. Pure."""

from __future__ import annotations

FEMALE = """
abigail adriana agustina aida ainhoa alejandra alicia almudena amaia amalia andrea antonia araceli
ariadna barbara beatriz begona belen benita berta brenda camila carla carlota carmen casandra
catalina cecilia celia claudia cristina daniela debora delia diana edurne elena elisa eloisa
elvira emilia emma enriqueta erica estefania esther eugenia eulalia fabiola felisa fernanda
florencia francisca gabriela gisela graciela herminia hortensia idoia ignacia ines irma isabel
itziar jacinta jessica jimena joaquina josefa josefina juana julia julieta laia leonor leticia
lidia liliana lorena lucia luisa magdalena maite manuela marcela margarita mariana maribel marisol
marta martina matilde maura mayra melisa micaela miriam monica montserrat natalia nerea noelia
nuria pamela patricia paula petra ramona raquel rebeca regina romina rosalia samanta sandra sara
silvia sofia sonia susana tamara tania teresa valentina valeria vanesa veronica viviana ximena
yolanda zaida
"""

MALE = """
adolfo adrian agustin alberto alejandro alex alfonso alfredo alonso alvaro amadeo andres anselmo
antonio ariel armando arturo aurelio baltasar bartolome basilio benito benjamin bernardo bonifacio
camilo carlos carmelo cayetano christian cipriano claudio constantino cristian cristobal damian
daniel dario david demetrio diego dionisio eduardo efrain eladio eliseo eloy emiliano emilio
enrique ernesto eugenio eusebio ezequiel fabian federico fermin fernando francisco gabriel gerardo
gilberto gonzalo gregorio guillermo gustavo hector heriberto hernan horacio hugo humberto ignacio
inaki isidro ismael ivan jacobo jaime javier jeronimo joaquin joel jordi jose juan julian leandro
leonardo leopoldo lorenzo luciano luis manuel marcelino marcelo mariano mario martin mateo
mauricio miguel nicanor nicolas norberto omar pablo pedro rafael ramiro ramon raul ricardo roberto
rodolfo rodrigo rogelio ruben rufino samuel saul sebastian sergio teodoro valentin wenceslao
zacarias
"""

LAST = """
abellan acevedo acosta aguado aguayo aguilar aguilera aguirre albarracin alfaro almeida altamirano
alvarado alvarez alvarino amoros andrade andujar angulo antunez araujo arce arevalo arias arjona
armenta arteaga ayala azcona balaguer barbera barcelo barrientos bautista bejarano beltran
benavides benitez bermudez bernabe berrocal blazquez bustamante camacho carballo cardenas carranza
carrillo carrion carvajal casares castaneda cebrian cervantes chacon chavez colomer contreras
cuellar diaz dominguez duarte duenas echeverria elizondo enriquez escamilla escobar esquivel
estevez feliu fernandez figueroa fonseca galindo galvan galvez gamez garcia gaytan gimenez giraldo
godoy gomez gongora gonzalez guevara guijarro guillen gutierrez guzman heredia hernandez hernando
herranz hervas hinojosa ibanez ibarra iniesta iriarte jaramillo jimenez jodar lara larios laserna
lazaro leiva lemus lerma lopez losada luengo lujan macias madrigal manrique marquez martinez
mateos mayorga medrano mejia melendez mendez mendoza menendez miguelez millan miralles montalvo
montenegro montoya moriana munoz murillo narvaez navarrete navas nicolau noguera nunez ochoa ojeda
ordonez orozco ortega ortiz ortuno osorio pacheco pedraza perez pineda pinilla pizarro puig
quesada quevedo quijano quiroga quiros ramirez riquelme rodriguez rojas romero rosell rovira ruiz
saez salcedo saldana salmeron salvatierra sanabria sanchez sandoval santillan sarmiento sepulveda
solano soriano sotelo suarez tellez tirado toribio torrecilla trejo ugarte ulloa urbina uribe
urrutia valdes valdivia valenzuela vallejo valverde varela vasquez vazquez velasco velazquez
villalba villalobos villanueva villarreal yanez yepes zambrano zamorano zapata zavala zuniga
zurita
"""

FEMALE_ACCENTED = """
begoña belén inés lucía mónica sofía verónica
"""

MALE_ACCENTED = """
adrián agustín andrés héctor iván joaquín josé julián martín raúl rubén sebastián álvaro
"""

LAST_ACCENTED = """
benítez bermúdez domínguez díaz fernández garcía gonzález gutiérrez gómez hernández ibáñez jiménez
lópez martínez muñoz méndez núñez pérez ramírez rodríguez suárez sánchez vázquez álvarez
"""
